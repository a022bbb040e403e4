/**
 * Why a GPU holds its clocks back: a mask of reasons, several at once, so it is never compared by equality.
 * @see NVML, nvmlClocksEventReasons
 */

const SOFTWARE_POWER_CAP = 0x4;
const HARDWARE_SLOWDOWN = 0x8;
const SOFTWARE_THERMAL = 0x20;
const HARDWARE_THERMAL = 0x40;
const POWER_BRAKE = 0x80;

export interface Throttle {
  /** At the power limit: the normal state of a GPU at full work. */
  readonly powerCap: boolean;
  /** Too hot, whether driver or hardware says it. */
  readonly thermal: boolean;
  /** The power supply asks for less. */
  readonly powerBrake: boolean;
  /** The hardware itself slows down, for whatever reason: an event on a healthy node it is not. */
  readonly hardware: boolean;
}

/** @param mask `clocks_event_reasons.active` as a number */
export function decodeThrottle(mask: number): Throttle {
  // The reasons are in the low bits, which a number's 32-bit operators see whatever is above.
  const bits = Math.max(0, Math.trunc(mask));
  const any = (of: number) => (bits & of) !== 0;
  return {
    powerCap: any(SOFTWARE_POWER_CAP),
    thermal: any(SOFTWARE_THERMAL | HARDWARE_THERMAL),
    powerBrake: any(POWER_BRAKE),
    hardware: any(HARDWARE_SLOWDOWN | HARDWARE_THERMAL | POWER_BRAKE),
  };
}
