/**
 * Whether a resource says of itself that it is not for everybody who may otherwise see it: its `meta.security`.
 * https://hl7.org/fhir/R4/security-labels.html and https://terminology.hl7.org/ValueSet-v3-InformationSensitivityPolicy.html
 *
 * A label without a system is taken for one of these: whoever wrote it meant something. Labels of other systems say nothing here.
 */

type Label = { readonly system?: unknown; readonly code?: unknown }

const confidentiality = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality'
const act = 'http://terminology.hl7.org/CodeSystem/v3-ActCode'

/** As nothing but who it is about, and who takes part, opens it. */
export const veryRestrictedLabel = { system: confidentiality, code: 'V' } as const

/** Above normal. */
const restricted: ReadonlySet<unknown> = new Set(['R', 'V'])

/** _InformationSensitivityPolicy: what a policy is about, whom it is about, and whose wish it was. */
export const sensitivityCodes: readonly string[] = [
  ...['ETH', 'GDIS', 'HIV', 'MST', 'SCA', 'SDV', 'SEX', 'SPI', 'STD', 'TBOO', 'VIO', 'SICKLE'],
  ...['BH', 'COGN', 'DVD', 'EMOTDIS', 'MH', 'PSY', 'PSYTHPN', 'SUD', 'ETHUD', 'OPIOIDUD'],
  ...['DEMO', 'DOB', 'GENDER', 'LIVARG', 'MARST', 'RACE', 'REL', 'B', 'EMPL', 'LOCIS', 'SSP'],
  ...['ADOL', 'CEL', 'DIA', 'DRGIS', 'EMP', 'PDS', 'PHY', 'PRS'],
]
const sensitive: ReadonlySet<unknown> = new Set(sensitivityCodes)

const isRestricted = ({ system, code }: Label): boolean => (system === undefined || system === confidentiality) && restricted.has(code)
const isSensitive = ({ system, code }: Label): boolean => (system === undefined || system === act) && sensitive.has(code)
const isVery = ({ system, code }: Label): boolean => (system === undefined || system === confidentiality) && code === 'V'

function labelsOf(resource: object): Label[] {
  const { meta } = resource as { meta?: { security?: unknown } | null }
  const labels = meta?.security
  return Array.isArray(labels) ? labels.filter((one): one is Label => typeof one === 'object' && one !== null) : []
}

/** `very`: labelled V, very restricted. */
export function sensitivityOf(resource: object): 'sensitive' | 'very' | undefined {
  const labels = labelsOf(resource)
  if (labels.length === 0) return undefined
  if (labels.some(isVery)) return 'very'
  return labels.some((label) => isRestricted(label) || isSensitive(label)) ? 'sensitive' : undefined
}

/** Words of the index, so that a search tells such rows from the rest. */
export const sensitiveWord = '@sensitive'
export const verySensitiveWord = '@very-sensitive'
