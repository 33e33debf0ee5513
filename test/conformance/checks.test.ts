/** The conformance checks hold for this server, and can fail: against a server that answers 200 to everything none does. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { client } from '../../conformance/client.ts'
import { runChecks, table, testReport } from '../../conformance/run.ts'
import { testHouse } from '../support/house.ts'

it('all hold here', async () => {
  const house = await testHouse()
  const results = await runChecks(client(house.house.base, await house.token('system/*.cruds')))
  await house.close()
  expect(results.filter(({ failure }) => failure !== undefined)).toEqual([])
  expect(testReport(results, 'x', '2026-01-01T00:00:00Z')).toMatchObject({ result: 'pass', score: 100 })
})

it('all fail against a server that says yes to everything', async () => {
  const yes = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1')
  await new Promise((resolve) => yes.once('listening', resolve))
  const results = await runChecks(client(`http://127.0.0.1:${(yes.address() as AddressInfo).port}`, undefined))
  yes.close()
  expect(results.filter(({ failure }) => failure === undefined)).toEqual([])
  expect(table(results)).toMatch(/^FAIL {2}metadata/)
})
