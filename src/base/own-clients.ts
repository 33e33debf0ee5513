/**
 * The names under which this server and whoever runs its commands act, where a client is named: in the audit, and as the owner
 * of holds.
 */

export const serverClient = 'slotwise'
export const operatorClient = 'slotwise-cli'
