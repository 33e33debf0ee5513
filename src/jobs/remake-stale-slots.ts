/** Each second: Slots of Schedules whose plan has changed, where there were too many to make them before the answer. */
import { remakeStale } from '../booking/regenerate-slots.ts'
import type { House } from '../store/house.ts'

export const remakeStaleSlots = (house: House): Promise<number> => remakeStale(house)
