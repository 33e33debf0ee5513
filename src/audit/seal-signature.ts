/**
 * What a seal says, as the text that is signed, and the hash by which the next seal holds on to it.
 * Ed25519: https://www.rfc-editor.org/rfc/rfc8032
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import type { AuditKeyRow, Seal, SealedRange } from '../store/audit-seals.ts'

/** The first word says how the rest is read; whoever changes the list changes it. */
const signedText = (seal: SealedRange): string =>
  JSON.stringify([
    'slotwise-audit-seal-1',
    ...[seal.number, seal.kind, seal.era, seal.from, seal.upto, seal.sealed, seal.count, seal.earliest, seal.latest],
    ...[seal.hash, seal.details, seal.previous, seal.key],
  ])

/** What the first seal of all holds on to. */
export const chainStart = createHash('sha256').update('slotwise audit').digest('base64url')

export const chainHash = (seal: Seal): string =>
  createHash('sha256').update(signedText(seal)).update('\n').update(seal.signature).digest('base64url')

export function signSeal(seal: SealedRange, { privateKey }: AuditKeyRow): Seal {
  return { ...seal, signature: sign(null, Buffer.from(signedText(seal)), createPrivateKey(privateKey)).toString('base64url') }
}

export const isSigned = (seal: Seal, publicKey: KeyObject): boolean =>
  verify(null, Buffer.from(signedText(seal)), publicKey, Buffer.from(seal.signature, 'base64url'))

/** Its name is drawn from its public half, so that two keys never share one. */
export function newSealKey(): AuditKeyRow {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const kid = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
    .slice(0, 22)
  return { kid, privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

/** From the private half, which only our secret key opens: a public key beside it could be anybody's. */
export const publicKeyOf = ({ privateKey }: AuditKeyRow): KeyObject => createPublicKey(createPrivateKey(privateKey))
