/** Clears what killed test runs left behind, and names this run's folder; no database is started until a test asks. */
import { sweepAbandoned } from './test-postgres.ts'

export default async function setUp() {
  process.env.TEST_RUN = String(process.pid)
  await sweepAbandoned()
}
