/** An app that the EHR opens: `launch` stands for what is open there. https://hl7.org/fhir/smart-app-launch/app-launch.html#launch-app-ehr-launch */
import type { Check } from '../check.ts'
import { hold, same } from '../expect.ts'
import { givenApp, givenLaunch } from '../needs.ts'
import type { Site } from '../site.ts'
import { givesToken, opens } from '../smart-answers.ts'
import { appOf, arrival, asked, codeOf, exchange, refusedCode } from '../smart-app.ts'
import { guide, secured } from '../smart-server.ts'

const clause = guide('app-launch', 'launch-app-ehr-launch')

/** As the EHR would open the app with it. */
async function launchOf({ base, call, options }: Site): Promise<string> {
  const { launch, url, headers, body } = options.smart?.ehr ?? {}
  if (launch !== undefined || url === undefined) return launch ?? ''
  const {
    json,
    text,
    status: code,
  } = await call('POST', url, { body, headers: { 'content-type': 'application/json', ...headers }, token: null })
  hold(typeof json?.launch === 'string', `no launch but ${code} ${text.slice(0, 200)}`)
  hold(json.iss === undefined || json.iss === base, `iss: ${json.iss} instead of ${base}`)
  return json.launch
}

export const ehrLaunches: readonly Check[] = [
  {
    name: 'launch-app-ehr-launch.context',
    clause,
    ids: ['smart_launch_received', 'smart_app_launch'],
    requirement: 'an app that the EHR opens gets a token with the patient that is open there',
    needs: [secured, givenApp(), givenLaunch],
    run: async (site) => {
      const { scope, patient } = site.options.smart?.ehr ?? {}
      const request = asked(site, appOf(site), { scope, launch: await launchOf(site) })
      const token = givesToken(await exchange(site, request, await codeOf(site, request)), 'exchange of the code')
      if (patient !== undefined) same(token.patient, patient, 'patient')
      await opens(site, token, 'the token')
    },
  },
  {
    name: 'launch-app-ehr-launch.unknown',
    clause,
    requirement: 'a launch that the EHR gave nobody opens nothing',
    needs: [secured, givenApp(), givenLaunch],
    run: async (site) => {
      const wrong = asked(site, appOf(site), { scope: site.options.smart?.ehr?.scope, launch: site.tag })
      refusedCode(await arrival(site, wrong), wrong, 'a launch that is none')
    },
  },
]
