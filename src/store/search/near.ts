/**
 * `near`: within a distance of a point on a round earth. A box of degrees narrows first, the haversine decides.
 * https://hl7.org/fhir/R4/location.html#positional
 */
import sql, { join, type Sql } from 'sql-template-tag'
import type { Criterion } from '../../fhir/search-criterion.ts'
import type { NearValue } from '../../fhir/search-value.ts'
import { column } from './statement.ts'

const earthKilometres = 6371.0088
const kilometresPerDegree = (earthKilometres * Math.PI) / 180
const float = (value: number): Sql => sql`${value}::float8`

/** Degrees of longitude that the circle reaches east and west; undefined where it holds a pole or crosses the date line. */
function longitudeReach({ latitude, longitude, kilometres }: NearValue): number | undefined {
  const reach = Math.sin(kilometres / earthKilometres) / Math.cos((latitude * Math.PI) / 180)
  if (kilometres / kilometresPerDegree + Math.abs(latitude) >= 90 || !(reach < 1)) return undefined
  const degrees = (Math.asin(reach) * 180) / Math.PI
  return Math.abs(longitude) + degrees > 180 ? undefined : degrees
}

function withinCondition(alias: string, value: NearValue): Sql {
  const { latitude, longitude, kilometres } = value
  const [lat, long] = [column(alias, 'latitude'), column(alias, 'longitude')]
  const degrees = kilometres / kilometresPerDegree
  const reach = longitudeReach(value)
  const box = [sql`${lat} between ${float(latitude - degrees)} and ${float(latitude + degrees)}`]
  if (reach !== undefined) box.push(sql`${long} between ${float(longitude - reach)} and ${float(longitude + reach)}`)
  const half = sql`sin(radians(${lat} - ${float(latitude)}) / 2) ^ 2 + cos(radians(${float(latitude)})) * cos(radians(${lat})) * sin(radians(${long} - ${float(longitude)}) / 2) ^ 2`
  const circle = sql`2 * ${float(earthKilometres)} * asin(least(1, sqrt(${half}))) <= ${float(kilometres)}`
  return sql`(${join([...box, circle], ' and ')})`
}

export function nearCondition(alias: string, criterion: Extract<Criterion, { kind: 'near' }>): Sql {
  return criterion.values.length
    ? sql`(${join(
        criterion.values.map((value) => withinCondition(alias, value)),
        ' or ',
      )})`
    : sql`false`
}
