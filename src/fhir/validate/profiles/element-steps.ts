/**
 * The way to an element that a profile speaks of, step by step. A choice that is named by its type (`Patient.deceasedDateTime`)
 * stands for the slice of that type: `deceased[x]:deceasedDateTime`. https://hl7.org/fhir/R4/profiling.html#slicing
 *
 * What R4 does not define (a type that is not served here) is left as it is written.
 */
import type { Definitions, ElementDefinition } from '../../definitions/types.ts'

type Elements = readonly ElementDefinition[]

export function elementSteps(definitions: Definitions, id: string): readonly string[] {
  const [type = '', ...steps] = id.split('.')
  let within: Elements = definitions.types.get(type)?.elements ?? []
  return steps.map((step) => {
    const name = (step.split(':', 1)[0] ?? '').replace('[x]', '')
    const element = within.find((one) => one.name === name)
    const choice = element ? undefined : choiceNamed(within, name)
    within = element ? childrenOf(definitions, type, element) : (definitions.types.get(choice?.type ?? '')?.elements ?? [])
    return choice && step === name ? `${choice.name}[x]:${name}` : step
  })
}

function choiceNamed(within: Elements, name: string): { readonly name: string; readonly type: string } | undefined {
  for (const one of within) {
    const type = one.choice && one.types.find(({ code }) => name === one.name + code.charAt(0).toUpperCase() + code.slice(1))
    if (type) return { name: one.name, type: type.code }
  }
  return undefined
}

function childrenOf(definitions: Definitions, type: string, { elements, contentReference, types }: ElementDefinition): Elements {
  if (elements) return elements
  const [, ...steps] = contentReference?.slice(1).split('.') ?? []
  if (steps.length === 0) return definitions.types.get(types[0]?.code ?? '')?.elements ?? []
  return steps.reduce<Elements>(
    (within, name) => within.find((one) => one.name === name)?.elements ?? [],
    definitions.types.get(type)?.elements ?? [],
  )
}
