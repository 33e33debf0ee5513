/**
 * Leaves a transaction that found its time taken, so that what came before it is undone. Whoever began it says what follows.
 */
export class LostRace extends Error {
  /** The Appointment that was to have it. */
  readonly id: string
  constructor(id: string) {
    super('time is taken')
    this.id = id
  }
}
