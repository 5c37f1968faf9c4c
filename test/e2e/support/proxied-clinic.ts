import type { Context } from 'mocha';
import type { Clinic, ClinicOptions } from '../../../src/cli/demo/clinic.ts';
import { HomeserverProxy } from './homeserver-proxy.ts';
import { startTestClinic } from './test-clinic.ts';

/** A clinic whose bridge reaches the homeserver through a proxy. `close` ends both. */
export interface ProxiedClinic extends Clinic {
  readonly proxy: HomeserverProxy;
}

/** Starts one, but for the bridge: what must be there before it is made first. For a `before` hook. */
export async function startProxiedClinic(context: Context, options: ClinicOptions): Promise<ProxiedClinic> {
  const proxy = await HomeserverProxy.open();
  try {
    const config = { ...options.config, homeserver: { url: proxy.url } };
    const clinic = await startTestClinic(context, { ...options, config, startBridge: false });
    proxy.target = clinic.synapse.url;
    const close = async () => {
      await clinic.close();
      await proxy.stop();
    };
    return { ...clinic, proxy, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await proxy.stop();
    throw error;
  }
}
