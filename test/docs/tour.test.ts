/**
 * The README's tour, typed as it stands there against a server with the demo clinic: each answer is the one that is shown.
 * Times, ids and the like differ from day to day and are compared by their kind; `…` stands for anything.
 */
import { spawnSync } from 'node:child_process'
import { type Server, type Workplace, workplace } from '../support/program.ts'
import { type Block, blocks, page, root, section } from './markdown.ts'

type Step = { readonly typed: string; readonly shown: string | undefined }

const boundary = '=== next step ==='
const missing = ['bash', 'curl', 'npx'].filter((tool) => spawnSync(tool, ['--version']).status !== 0)
const tour = missing.length === 0 ? describe : describe.skip

/** Each sh block with the text block that follows it, if one does. */
function steps(all: readonly Block[]): Step[] {
  return all.flatMap((block, at) => {
    const following = all[at + 1]
    return block.language === 'sh' ? [{ typed: block.text, shown: following?.language === 'text' ? following.text : undefined }] : []
  })
}

/** What changes from one day, machine or run to the next, by its kind. */
const plain = (text: string): string =>
  text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
    .replaceAll(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, '<date>')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
    .replaceAll(/dr-okafor-\d{12}/g, '<slot>')
    .replaceAll(/127\.0\.0\.1:\d+/g, '<address>')
    .replaceAll('\r', '')

/** The first line shown, or part of one between two `…`, that the answer does not have after those before it. */
function firstNotThere(shown: string, answer: string): string | undefined {
  const parts = plain(shown)
    .split('\n')
    .flatMap((line) => line.split('…'))
    .map((part) => part.trim())
    .filter((part) => part !== '')
  const found = plain(answer)
  let from = 0
  for (const part of parts) {
    const at = found.indexOf(part, from)
    if (at < 0) return part
    from = at + part.length
  }
  return undefined
}

tour(`the README's tour${missing.length > 0 ? ` (skipped: this machine has no ${missing.join(', ')})` : ''}`, () => {
  const [start, ...rest] = steps(blocks(section(page('README.md'), '## A five-minute tour')))
  let place: Workplace
  let server: Server
  let answers: string[] = []

  beforeAll(async () => {
    place = await workplace()
    server = await place.serve({ DEMO: 'on' })
    const script = rest.map(({ typed }) => typed.replaceAll('http://127.0.0.1:8080', server.origin)).join(`\necho '${boundary}'\n`)
    const run = spawnSync('bash', ['-c', script], {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...place.settings },
    })
    answers = run.stdout.split(`${boundary}\n`)
  }, 180_000)
  afterAll(async () => place?.leave())

  it('begins with a start that says what is shown', () => {
    expect(start?.typed.trim()).toBe('npm ci && npm start')
    expect(firstNotThere(start?.shown ?? '', server.said())).toBeUndefined()
  })

  it('has the steps that were promised', () => {
    const typed = rest.map((step) => step.typed).join('\n')
    const order = ['$find-slots', '$hold', '$book', '"$FHIR/Appointment"', '$cancel'].map((deed) => typed.indexOf(deed))
    expect(order).toEqual(order.toSorted((a, b) => a - b))
    expect(order).not.toContain(-1)
    expect(answers).toHaveLength(rest.length)
  })

  it.each(rest.map((step, at) => ({ at, name: step.typed.trim().split('\n')[0], shown: step.shown })))(
    'gives the answer shown: $name',
    ({ at, shown }) => {
      expect(shown).toBeDefined()
      const answer = answers[at] ?? ''
      expect({ missing: firstNotThere(shown ?? '', answer), answer }).toEqual({ missing: undefined, answer })
    },
  )
})
