/**
 * One setting as a value: a number in its bounds, one of some words, an address. What is malformed is a Fault that names the
 * setting; what is empty counts as not given.
 */
import { fault } from './base/fault.ts'
import { type SettingName, settings } from './settings.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export const defaultOf = (name: SettingName): string => settings.find((setting) => setting.name === name)?.default ?? ''
export const given = (env: Environment, name: SettingName): string | undefined => env[name]?.trim() || undefined
export const refuse = (name: SettingName, expected: string, value: string): never => {
  throw fault('value', `${name} must be ${expected}, not "${value}".`)
}

export function wholeNumber(env: Environment, name: SettingName, min: number, max: number): number {
  const text = given(env, name) ?? defaultOf(name)
  const number = Number(text)
  return /^\d+$/.test(text) && number >= min && number <= max ? number : refuse(name, `a whole number between ${min} and ${max}`, text)
}

export function oneOf<T extends string>(env: Environment, name: SettingName, allowed: readonly T[], otherwise: T): T {
  const text = given(env, name) ?? otherwise
  return allowed.find((value) => value === text) ?? refuse(name, allowed.map((value) => `"${value}"`).join(' or '), text)
}

export function url(name: SettingName, text: string, schemes: readonly string[]): URL {
  const parsed = URL.parse(text)
  const expected = `an address that begins with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`
  return parsed && schemes.includes(parsed.protocol) ? parsed : refuse(name, expected, withoutPassword(text))
}

export const withoutPassword = (text: string): string => text.replace(/\/\/[^@/]*@/, '//…@')
