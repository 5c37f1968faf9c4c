/** Where pushes go, in words: `Element (Phone)`. */
export function pusherName(pusher: { readonly app: string; readonly deviceName?: string | undefined }): string {
  return pusher.deviceName === undefined ? pusher.app : `${pusher.app} (${pusher.deviceName})`;
}
