import { closeRun } from './test-postgres.ts'

export default () => closeRun(process.pid)
