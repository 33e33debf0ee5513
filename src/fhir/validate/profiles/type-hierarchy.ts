/**
 * Which datatypes are kinds of others: an id is a string, a Duration a Quantity.
 * https://hl7.org/fhir/R4/datatypes.html
 */

export const kindOf: Readonly<Record<string, string | undefined>> = {
  code: 'string',
  id: 'string',
  markdown: 'string',
  url: 'uri',
  canonical: 'uri',
  uuid: 'uri',
  oid: 'uri',
  positiveInt: 'integer',
  unsignedInt: 'integer',
  Age: 'Quantity',
  Count: 'Quantity',
  Distance: 'Quantity',
  Duration: 'Quantity',
}
