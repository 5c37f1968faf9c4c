import type { Config } from '../config/config.ts';
import type { CommandRunner } from '../commands/run-command.ts';
import { AnswerKeyword } from '../services/answer-keyword.ts';
import { ApplyReport } from '../services/apply-report.ts';
import { DeliverToCarrier } from '../services/deliver-to-carrier.ts';
import { DeliverToRoom } from '../services/deliver-to-room.ts';
import { DeliverToSecurity } from '../services/deliver-to-security.ts';
import { FollowUpgrade } from '../services/follow-upgrade.ts';
import { HandleMatrixEvent } from '../services/handle-matrix-event.ts';
import { HandleMembership } from '../services/handle-membership.ts';
import { HandleRedaction } from '../services/handle-redaction.ts';
import { HandleStaffMessage } from '../services/handle-staff-message.ts';
import { PostNotice } from '../services/post-notice.ts';
import { ReceiveSms } from '../services/receive-sms.ts';
import { ReportParked } from '../services/report-parked.ts';
import { SayText } from '../services/say-text.ts';
import { SendToContact } from '../services/send-to-contact.ts';
import type { CommonParts, Wake } from './common-parts.ts';
import type { Governance } from './governance.ts';

/** The use cases that carry messages: what each queue runs, and what carriers' webhooks call. */
export type Messages = ReturnType<typeof makeMessages>;

/** Makes them. */
export function makeMessages(
  parts: CommonParts,
  governance: Governance,
  config: Config,
  commands: CommandRunner,
  wake: Wake,
) {
  const { control } = parts;
  const { setUp, roomMoved, lostRooms } = governance;
  const say = new SayText(parts);
  const toSecurity = new DeliverToSecurity({ ...parts, say });
  const send = new SendToContact({ ...parts, wake: wake.outbox });
  return {
    matrixEvent: new HandleMatrixEvent({
      ...parts,
      membership: new HandleMembership({ ...parts, lostRooms, join: (roomId) => control.join(roomId) }),
      redaction: new HandleRedaction({ ...parts, dropCommand: (event, by) => commands.removed(event, by) }),
      upgrade: new FollowUpgrade({ ...parts, roomMoved, lostRooms }),
      message: new HandleStaffMessage({
        ...parts,
        send,
        runCommand: (row, typed, room) => commands.run(row, typed, room),
        takeReaction: (row, room) => commands.reaction(row, room),
        isInSetup: (user, roomId) => setUp.isListening(user, roomId),
      }),
      keyNoticeAfterMs: config.encryption.keyNoticeAfterMs,
    }),
    keyword: new AnswerKeyword(parts),
    toRoom: new DeliverToRoom({
      ...parts,
      say,
      toSecurity,
      warnOnFirstContact: config.consent.warnOnFirstContact,
    }),
    toCarrier: new DeliverToCarrier(parts),
    postNotice: new PostNotice({ ...parts, lostRooms }),
    parked: new ReportParked(parts),
    receive: new ReceiveSms(parts),
    report: new ApplyReport(parts),
  };
}
