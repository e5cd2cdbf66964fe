// Tells a Prometheus Pushgateway one number. Room: tools.

export interface Gauge {
  /** Of the Pushgateway, such as http://pushgateway.monitoring:9091; credentials in it become a header. */
  readonly url: string;
  readonly name: string;
  readonly value: number;
  /** Labels of the group, in this order; the first is `job`. */
  readonly group: readonly (readonly [label: string, value: string])[];
}

const TIMEOUT_MS = 10_000;

/** Replaces this gauge in its group and nothing else there. Throws an Error that never holds the URL's credentials. */
export async function pushGauge({ url, name, value, group }: Gauge, timeoutMs = TIMEOUT_MS): Promise<void> {
  const base = new URL(url);
  const login = [base.username, base.password].map(decodeURIComponent).join(':');
  const path = group.flatMap(([label, text]) => [label, encodeURIComponent(text)]).join('/');
  const target = `${base.origin}${base.pathname.replace(/\/+$/, '')}/metrics/${path}`;
  let status: number;
  try {
    const response = await fetch(target, {
      method: 'POST',
      // The policy says who is told. What is answered is not quoted, and nobody is sent on.
      redirect: 'error',
      headers: {
        'content-type': 'text/plain; version=0.0.4',
        ...(base.username === '' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
      },
      body: `# TYPE ${name} gauge\n${name} ${value}\n`,
      signal: AbortSignal.timeout(timeoutMs),
    });
    status = response.status;
    await response.body?.cancel();
  } catch (error) {
    const { message, cause } = error as Error;
    throw new Error(
      `the Pushgateway at ${base.host} does not answer: ${cause instanceof Error ? cause.message : message}`,
    );
  }
  if (status >= 300) throw new Error(`the Pushgateway at ${base.host} answers ${status}`);
}
