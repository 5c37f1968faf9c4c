/** The main job: consent first, texts both ways, STOP. */
import { BOT } from '../clinic.ts';
import { bodyOf } from '../command-room.ts';
import { Patient } from '../patient.ts';
import { repliesTo } from '../received-events.ts';
import type { Scene } from '../scene.ts';

const NUMBER = '+12125550123';
const HELLO = 'Hello Maria, the doctor can see you on Monday at 9:30. Does that suit you?';
const THANKS = 'Monday is fine, thank you! 😀';

export const texting: Scene = {
  title: 'A nurse texts with a patient',
  async play({ clinic, nurse, commandRoom, tell }) {
    const maria = new Patient(clinic.carrier, NUMBER);
    const botSays = async (roomId: string, words: string): Promise<string> =>
      bodyOf(
        await nurse.waitForMessage(roomId, (event) => event.sender === BOT && bodyOf(event).includes(words), {
          ...commandRoom.instead(nurse, roomId),
        }),
      );
    const patientTexts = async (text: string): Promise<void> => {
      tell('patient', `texts: ${text}`);
      await maria.texts(text);
    };

    tell('nurse', 'types: !care text <number> Maria Lopez');
    tell('bot', `answers: ${bodyOf(await commandRoom.says(`!care text ${NUMBER} Maria Lopez`, nurse))}`);
    const room = await clinic.joinNextConversation(nurse);
    tell('nurse', 'joins the room of the patient');
    tell('bot', `shows the card:\n${await botSays(room, 'Maria Lopez')}`);

    tell('phone', `gets: ${(await maria.gets('Reply YES')).text}`);
    const early = await nurse.send(room, 'Your results are here.');
    tell('nurse', 'writes too early: Your results are here.');
    tell('bot', `replies: ${await botSays(room, 'has not answered YES yet')}`);

    await patientTexts('YES');
    tell('bot', `says: ${await botSays(room, 'consent to texts is recorded')}`);

    const hello = await nurse.send(room, HELLO);
    tell('nurse', `writes: ${HELLO}`);
    tell('phone', `gets: ${(await maria.gets('Monday')).text}`);
    const ghost = (await nurse.waitForMessage(room, 'YES')).sender;
    await nurse.waitForReceipt(room, ghost, hello);
    tell('nurse', 'sees the read receipt: delivered to the phone');

    await patientTexts(THANKS);
    const reply = await nurse.waitForMessage(room, THANKS);
    tell('nurse', `reads: ${bodyOf(reply)} (shield: ${reply.shield})`);

    await patientTexts('STOP');
    tell('phone', `gets: ${(await maria.gets('no more texts')).text}`);
    await botSays(room, 'opted out (STOP)');
    const late = await nurse.send(room, 'One more thing, Maria.');
    tell('nurse', 'writes: One more thing, Maria.');
    tell('bot', `replies: ${bodyOf(await nurse.waitForMessage(room, (event) => repliesTo(event) === late))}`);

    const leaked = clinic.carrier.texts(NUMBER).filter(({ text }) => /One more thing|results are here/.test(text));
    if (leaked.length > 0) throw new Error('A refused message reached the phone.');
    if (nurse.shieldOf(early) !== 'none') throw new Error('The nurse’s own message had a warning shield.');
    tell('nurse', `saw ${nurse.events.messages(room).length} events in the room, none with a warning shield`);
  },
};
