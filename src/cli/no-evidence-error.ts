// Why there is no evidence to be had; the exit code tells what kind of reason it is. Room: cli (door).

export class NoEvidenceError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
