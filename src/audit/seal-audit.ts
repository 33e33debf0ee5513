/**
 * Seals the audit rows that are there and that no running transaction can add to: counted, hashed, chained to the seal
 * before, and signed. Done each second, so that the chain is no lock on the path of a request.
 */
import {
  type AuditKeyRow,
  auditKeys,
  inUtc,
  keepAuditKey,
  keepSeal,
  lastSeal,
  type Seal,
  type SealedRange,
  takeSealer,
  unsealedRows,
} from '../store/audit-seals.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { inTransaction } from '../store/transaction.ts'
import { chainHash, chainStart, newSealKey, signSeal } from './seal-signature.ts'

type Sealer = Pick<House, 'pool' | 'clock' | 'secrets'>

/** Gives the seal that was made; undefined where there was nothing to seal, or another process is at it. */
export const sealAudit = (house: Sealer): Promise<Seal | undefined> => inTransaction(house.pool, (tx) => sealInTx(tx, house))

async function sealInTx(tx: Tx, house: Sealer): Promise<Seal | undefined> {
  if (!(await takeSealer(tx))) return undefined
  const last = await lastSeal(tx)
  await inUtc(tx)
  const { era, upto: from } = last ?? { era: 0, upto: '0' }
  const rows = await unsealedRows(tx, era, from)
  if (rows.count === '0') return undefined
  return addSeal(tx, house, last, { kind: 'rows', era, from, details: null, ...rows })
}

export type NewSeal = Omit<SealedRange, 'number' | 'sealed' | 'previous' | 'key'>

/** The next link of the chain. The caller is the sealer (`takeSealer`). */
export async function addSeal(tx: Tx, { clock, secrets }: Omit<Sealer, 'pool'>, last: Seal | undefined, seal: NewSeal): Promise<Seal> {
  const key = await sealKey(tx, { clock, secrets })
  const made = signSeal(
    {
      ...seal,
      number: String(BigInt(last?.number ?? '0') + 1n),
      sealed: String(BigInt(clock.now().getTime()) * 1000n),
      previous: last ? chainHash(last) : chainStart,
      key: key.kid,
    },
    key,
  )
  await keepSeal(tx, made)
  return made
}

async function sealKey(tx: Tx, { clock, secrets }: Omit<Sealer, 'pool'>): Promise<AuditKeyRow> {
  const [newest] = await auditKeys(tx, secrets)
  if (newest) return newest
  const key = newSealKey()
  await keepAuditKey(tx, secrets, key, clock.now())
  return key
}
