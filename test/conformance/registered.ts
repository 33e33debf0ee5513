/** Somebody who signs in, apps of each kind and a program, as an operator registers them; and what the suite is told of them. */

import { exportJWK } from 'jose'
import type { SmartOptions } from '../../conformance/smart-options.ts'
import { addAccount } from '../../src/auth/accounts.ts'
import { issuerOf } from '../../src/auth/addresses.ts'
import { addClient } from '../../src/auth/clients.ts'
import { keySet, type Signer, signer } from '../auth/assertions.ts'
import { made, type TestHouse } from '../support/house.ts'

const password = 'correct horse battery'
const redirect_uri = 'https://app.example/back'
const scope = 'launch/patient openid fhirUser offline_access patient/*.rs'

const privateKey = async ({ key, kid, alg }: Signer) => ({ ...(await exportJWK(key)), kid, alg })

export async function registered({ house, call, token }: TestHouse): Promise<SmartOptions> {
  const patient = made(await call('POST', 'Patient', { resourceType: 'Patient', name: [{ text: 'Ana' }] })).id
  await addAccount(house, { login: 'ana', name: 'Ana', roles: ['patient'], person: `Patient/${patient}`, actsFor: [], password })
  const [ofApp, ofProgram] = [await signer('ES384'), await signer('RS384')]
  const app = { scope: `launch ${scope}`, redirects: [redirect_uri] }
  await addClient(house, { ...app, id: 'public', name: 'Public' })
  const { secret } = await addClient(house, { ...app, id: 'symmetric', name: 'Symmetric', secret: true })
  await addClient(house, { ...app, id: 'asymmetric', name: 'Asymmetric', jwks: keySet(ofApp) })
  await addClient(house, { id: 'program', name: 'Program', scope: 'system/*.rs', redirects: [], jwks: keySet(ofProgram) })
  const common = { redirect_uri, scope }
  return {
    apps: [
      { ...common, client_id: 'public' },
      { ...common, client_id: 'symmetric', client_secret: secret },
      { ...common, client_id: 'asymmetric', key: await privateKey(ofApp) },
    ],
    sign_in: [{ login: 'ana', password, do: 'sign-in' }, { do: 'allow' }],
    ehr: {
      url: `${issuerOf(house.base)}/auth/launch`,
      headers: { authorization: `Bearer ${await token('user/Patient.rs')}` },
      body: { client_id: 'public', patient },
      scope: 'launch openid fhirUser patient/*.rs',
      patient,
    },
    program: { client_id: 'program', key: await privateKey(ofProgram), scope: 'system/Patient.rs' },
  }
}
