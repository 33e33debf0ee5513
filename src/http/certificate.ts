/**
 * TLS without a proxy: the certificate and its key from two files, TLS 1.2 and newer, and only ciphers that keep yesterday's
 * traffic closed to whoever steals the key tomorrow. https://www.rfc-editor.org/rfc/rfc9325 (BCP 195)
 *
 * The files are looked at with each new connection, so a renewed certificate needs neither a signal nor a restart; lines that
 * are open stay as they are. Leaves out certificates of clients, and more than one name's certificate.
 */
import { readFileSync, statSync } from 'node:fs'
import type { Server } from 'node:https'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { errorCode } from '../base/error-code.ts'
import { fault } from '../base/fault.ts'
import type { House } from './desks.ts'

export type CertificateFiles = { readonly certFile: string; readonly keyFile: string }

const manners: SecureContextOptions = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'TLS_AES_128_GCM_SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
  ].join(':'),
}

/** Throws a sentence that names the settings where the files are not there, are not PEM, or are not of one pair. */
export function certificateIn({ certFile, keyFile }: CertificateFiles): SecureContextOptions {
  try {
    const pair = { ...manners, cert: readFileSync(certFile), key: readFileSync(keyFile) }
    createSecureContext(pair)
    return pair
  } catch (error) {
    throw fault('value', `TLS_CERT_FILE and TLS_KEY_FILE must name a certificate and its key, both PEM (${errorCode(error)}).`)
  }
}

/** Until both files have been replaced they are no pair: what was good before is kept meanwhile. */
export function followCertificate(server: Server, files: CertificateFiles, warn: House['warn']): void {
  const state = { stamp: stampOf(files) }
  // Before the server's own listener, which begins the handshake with the certificate of that moment.
  server.prependListener('connection', () => {
    const stamp = stampOf(files)
    if (stamp === state.stamp) return
    state.stamp = stamp
    try {
      server.setSecureContext(certificateIn(files))
    } catch {
      warn('the new certificate or its key cannot be used; the one before is kept')
    }
  })
}

const stampOf = ({ certFile, keyFile }: CertificateFiles): string =>
  [certFile, keyFile]
    .map((file) => statSync(file, { bigint: true, throwIfNoEntry: false }))
    .map((found) => found && `${found.ino} ${found.mtimeNs} ${found.size}`)
    .join(', ')
