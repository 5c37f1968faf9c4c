/** Files in encrypted rooms, as a client sends and gets them. */
import type { MatrixClient } from 'matrix-js-sdk';
import { decryptAttachment, encryptAttachment, type AttachmentKey } from './attachment.ts';
import type { ReceivedEvent } from './received-events.ts';

/** A file to send. */
export interface FileToSend {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly contentType: string;
  /** The words under it; none where left out. */
  readonly caption?: string;
}

/** Encrypts and uploads it; returns the content of the message that has it. */
export async function uploadFile(client: MatrixClient, { bytes: clear, name, contentType, caption }: FileToSend) {
  const { bytes, file } = encryptAttachment(clear);
  const { content_uri: url } = await client.uploadContent(new Blob([bytes]), { type: 'application/octet-stream' });
  return {
    msgtype: contentType.startsWith('image/') ? 'm.image' : 'm.file',
    ...(caption === undefined ? { body: name } : { body: caption, filename: name }),
    info: { mimetype: contentType, size: clear.length },
    file: { ...file, url },
  };
}

/** Downloads and decrypts the file of a message. */
export async function downloadFile(client: MatrixClient, event: ReceivedEvent): Promise<Uint8Array> {
  const file = event.content['file'] as AttachmentKey & { url: string };
  const url = client.mxcUrlToHttp(file.url, undefined, undefined, undefined, undefined, true, true) ?? '';
  const answer = await fetch(url, { headers: { authorization: `Bearer ${client.getAccessToken()}` } });
  if (!answer.ok) throw new Error(`The homeserver did not hand the file over: ${answer.status}`);
  return decryptAttachment(new Uint8Array(await answer.arrayBuffer()), file);
}
