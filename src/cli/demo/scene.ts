/** What a scene of the demo is. Scenes know nothing of one another: each could be played alone. */
import type { Clinic } from './clinic.ts';
import type { CommandRoom } from './command-room.ts';
import type { Nurse } from './nurse.ts';

/** The line that patients text to. */
export const LINE = '+12125550100';

/** Where it is played, and by whom. */
export interface Stage {
  readonly clinic: Clinic;
  /** An administrator, with a real client. */
  readonly admin: Nurse;
  /** A member of the line's team, with another. */
  readonly nurse: Nurse;
  /** Both are in it. */
  readonly commandRoom: CommandRoom;
  /** Tells the audience what was seen to happen. */
  readonly tell: (who: string, what: string) => void;
}

/** One scene; it throws at the first thing that does not happen. */
export interface Scene {
  readonly title: string;
  play(stage: Stage): Promise<void>;
}
