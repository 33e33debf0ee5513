/**
 * Six services of different lengths, buffers and rules. Codes are HL7's service-type, SNOMED CT's practice codes and visit
 * types; nothing here is a code of our own.
 */
import type { Resource } from '../../fhir/resource.ts'
import { bookingPolicy } from './extensions.ts'

export type Coding = { readonly system: string; readonly code: string; readonly display: string }

const serviceType = (code: string, display: string): Coding => ({
  system: 'http://terminology.hl7.org/CodeSystem/service-type',
  code,
  display,
})
const snomed = (code: string, display: string): Coding => ({ system: 'http://snomed.info/sct', code, display })

export const specialties = {
  general: snomed('394814009', 'General practice'),
  skin: snomed('394582007', 'Dermatology'),
  heart: snomed('394579002', 'Cardiology'),
  movement: snomed('394602003', 'Rehabilitation'),
} as const

export type Specialty = keyof typeof specialties

export type Service = {
  readonly id: string
  readonly name: string
  readonly comment: string
  readonly type: Coding
  readonly specialty: Specialty
  readonly policy: Readonly<Record<string, number | boolean>>
}

export const services: readonly Service[] = [
  {
    id: 'general-checkup',
    name: 'General check-up',
    comment: 'Half an hour with a general practitioner.',
    type: snomed('185349003', 'Encounter for check up'),
    specialty: 'general',
    policy: { durationMinutes: 30, minNoticeMinutes: 60 },
  },
  {
    id: 'follow-up',
    name: 'Follow-up',
    comment: 'A short visit for patients who have been seen here before.',
    type: snomed('185389009', 'Follow-up visit'),
    specialty: 'general',
    policy: { durationMinutes: 15, minNoticeMinutes: 30, newPatients: false },
  },
  {
    id: 'new-patient-visit',
    name: 'New patient visit',
    comment: 'A first hour together. A quarter of an hour is kept for the notes.',
    type: snomed('185387006', 'New patient consultation'),
    specialty: 'general',
    policy: { durationMinutes: 60, bufferAfterMinutes: 15, minNoticeMinutes: 24 * 60, cancelNoticeMinutes: 24 * 60 },
  },
  {
    id: 'skin-check',
    name: 'Skin check',
    comment: 'Twenty minutes, with ten to get the room ready.',
    type: serviceType('168', 'Dermatology'),
    specialty: 'skin',
    policy: { durationMinutes: 20, bufferAfterMinutes: 10, alignmentMinutes: 10, minNoticeMinutes: 120 },
  },
  {
    id: 'physiotherapy',
    name: 'Physiotherapy',
    comment: 'Begins on the hour and the half hour.',
    type: serviceType('65', 'Physiotherapy'),
    specialty: 'movement',
    policy: { durationMinutes: 45, bufferAfterMinutes: 15, alignmentMinutes: 30, minNoticeMinutes: 120, maxAdvanceDays: 60 },
  },
  {
    id: 'cardiac-ultrasound',
    name: 'Cardiac ultrasound',
    comment: 'Takes up the cardiologist, the room and the device. Booked by staff.',
    type: serviceType('210', 'Diagnostic Ultrasound'),
    specialty: 'heart',
    policy: { durationMinutes: 45, bufferBeforeMinutes: 15, bufferAfterMinutes: 15, minNoticeMinutes: 24 * 60, onlineBooking: false },
  },
]

export const healthcareServices = (): Resource[] =>
  services.map((service) => ({
    resourceType: 'HealthcareService',
    id: service.id,
    extension: [bookingPolicy(service.policy)],
    active: true,
    providedBy: { reference: 'Organization/riverside', display: 'Riverside Health' },
    type: [{ coding: [service.type], text: service.name }],
    specialty: [{ coding: [specialties[service.specialty]] }],
    name: service.name,
    comment: service.comment,
  }))
