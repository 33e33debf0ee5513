/**
 * The ValueSets of time zones, which draw on IANA's list and not on any CodeSystem: a name is in them where the runtime's
 * own tables know it. https://hl7.org/fhir/R5/valueset-timezones.html
 */

export const timeZoneSets: ReadonlySet<string> = new Set(['http://hl7.org/fhir/ValueSet/timezones'])
