/** NDJSON that is sent to be stored, as `$export` gives it. https://github.com/smart-on-fhir/bulk-import */
import { type Check, NotDeclared } from '../check.ts'
import type { Answer, Loose } from '../client.ts'
import { hold, same, status } from '../expect.ts'
import { kickOff, lines, manifestAt, progressOf } from '../exporting.ts'
import { keeps, operates } from '../needs.ts'
import { patient } from '../resources.ts'
import type { Site } from '../site.ts'

const ndjson = { 'content-type': 'application/fhir+ndjson' }

/** There is no standard yet: a server whose $import wants something else says so by refusing this. */
async function imported(site: Site, resources: readonly object[]): Promise<Answer> {
  const body = `${resources.map((one) => JSON.stringify(one)).join('\n')}\n`
  const order = await kickOff(() => site.post('$import', body, ndjson))
  if (order.status === 400 || order.status === 415) throw new NotDeclared('an $import of NDJSON that is sent')
  return manifestAt(site, progressOf(site, status(order, 202, '$import')))
}

export const imports: readonly Check[] = [
  {
    name: 'bulk-import.lines',
    clause: 'https://github.com/smart-on-fhir/bulk-import',
    requirement: '$import stores each line that is right, names those that are not, and sent again it changes nothing',
    needs: [keeps('Patient'), operates(undefined, 'import')],
    run: async (site) => {
      const { tag } = site
      const sent = [
        patient(tag, { id: `${tag}-1` }),
        patient(tag, { id: `${tag}-2`, gender: 'nonsense' }),
        patient(tag, { id: `${tag}-3` }),
      ]
      for (const number of [1, 2, 3]) site.keep(`Patient/${tag}-${number}`)
      const { json } = await imported(site, sent)
      const told: Loose[] = []
      for (const file of json.error) told.push(...(await lines(site, file)))
      same(
        told.map(({ resourceType }) => resourceType),
        ['OperationOutcome'],
        'what is told of the line that is wrong',
      )
      const stored = async (number: number) => (await site.get(`Patient/${tag}-${number}`)).json
      same((await stored(1))?.name?.[0]?.family, tag, 'the first line')
      status(await site.get(`Patient/${tag}-2`), [404, 410], 'the line that is wrong')
      const before = (await stored(3))?.meta?.versionId
      hold(before, 'the third line was not stored')
      await imported(site, sent)
      same((await stored(3)).meta.versionId, before, 'version after the same was sent again')
    },
  },
]
