// Settings that walguard's chart and builders pass to its programs. Room: lib (pure).

/** The variable's value; throws where it is missing or empty. */
export function requireVariable(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name];
  if (!value)
    throw new Error(`the environment variable ${name} is missing; walguard's chart, or the pod it makes, sets it`);
  return value;
}
