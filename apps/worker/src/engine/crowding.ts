const WINDOW_US = 1_000_000;
const ENTER_SHARE = 0.4;
const LEAVE_SHARE = 0.2;

/** Whether the model steps so much of the time that sessions had better share steps; judged anew each second. */
export class Crowding {
  #sinceUs = 0;
  #busyUs = 0;
  #isCrowded = false;

  get isCrowded(): boolean {
    return this.#isCrowded;
  }

  stepped(startedUs: number, endedUs: number): void {
    this.#busyUs += endedUs - startedUs;
    const windowUs = endedUs - this.#sinceUs;
    if (windowUs < WINDOW_US) return;
    // Shared steps are cheaper: with one bar for both ways it would flicker.
    this.#isCrowded = this.#busyUs / windowUs > (this.#isCrowded ? LEAVE_SHARE : ENTER_SHARE);
    this.#sinceUs = endedUs;
    this.#busyUs = 0;
  }
}
