import { etagOf, namesVersion, versionOfEtag } from '../../src/fhir/etag.ts'

describe('entity tags', () => {
  it.each(['W/"3"', '"3"', '3', ' W/"3" '])('reads %j as version 3', (header) => {
    expect(versionOfEtag(header)).toBe('3')
  })

  it.each(['', '*', 'W/""', 'W/"3", W/"4"', 'W/"a b"'])('finds no one version in %j', (header) => {
    expect(versionOfEtag(header)).toBeUndefined()
  })

  it('reads what it wrote', () => {
    expect(versionOfEtag(etagOf('12'))).toBe('12')
  })

  it('compares a list weakly', () => {
    expect(namesVersion('"1", W/"3"', '3')).toBe(true)
    expect(namesVersion('*', '3')).toBe(true)
    expect(namesVersion('W/"1"', '3')).toBe(false)
    expect(namesVersion('W/"33"', '3')).toBe(false)
  })
})
