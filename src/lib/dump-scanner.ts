// Follows a plain SQL dump that passes by in pieces of any size, and tells where statements, comments, psql's commands
// and rows are. Room: lib (pure).
//
// What looks like a statement inside of a string, a function's body or a row is none: quotes are followed as psql follows
// them. pg_dump writes no block comments outside of them. Source: psqlscan.l, pg_dump.c.

export interface DumpEvents {
  /** One that begins with C (COPY, CREATE), without its semicolon. @returns do rows of COPY follow? */
  readonly onStatement: (text: string) => boolean;
  /** Any other. */
  readonly onOther: () => void;
  /** Between two statements, from the two dashes on. */
  readonly onComment: (text: string) => void;
  /** psql's own, without the backslash. */
  readonly onCommand: (text: string) => void;
  /** At the end of the rows. */
  readonly onRows: (count: number) => void;
}

type State = 'sql' | 'string' | 'escaped' | 'identifier' | 'tag' | 'dollar' | 'comment' | 'command' | 'head' | 'rows';

/** COPY with 1,600 columns of the longest names, all quoted, is shorter. */
const LONGEST = 256 * 1024;

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const [NEWLINE, SPACE, DOUBLE, DOLLAR, QUOTE] = [10, 32, 34, 36, 39];
const [MINUS, DOT, SEMICOLON, C, BACKSLASH] = [45, 46, 59, 67, 92];

export class DumpScanner {
  private readonly events: DumpEvents;
  private state: State = 'sql';
  /** The statement so far, and from `lineStart` on the comment or command in it. */
  private readonly text = new Uint8Array(LONGEST);
  private length = 0;
  private lineStart = 0;
  /** The two bytes before, in a statement. */
  private before = SPACE;
  private beforeThat = SPACE;
  /** Of the string that was closed last: a quote right after it opens it again. */
  private reopens: State = 'string';
  /** Of a dollar quote: its delimiter, and how much of it has come again. */
  private delimiter: number[] = [];
  private matched = 0;
  private rows = 0;
  /** Of the row that is being read: its length so far, and is it `\.` so far? */
  private rowLength = 0;
  private isEnd = true;

  constructor(events: DumpEvents) {
    this.events = events;
  }

  push(chunk: Uint8Array): void {
    let index = 0;
    while (index < chunk.length) index = this.step(chunk, index);
  }

  /** Is it between two statements? */
  isBetween(): boolean {
    return this.state === 'sql' && this.length === 0;
  }

  /** @returns where to go on */
  private step(chunk: Uint8Array, index: number): number {
    switch (this.state) {
      case 'rows':
        return this.readRow(chunk, index);
      case 'string':
        return this.readTo(QUOTE, chunk, index);
      case 'identifier':
        return this.readTo(DOUBLE, chunk, index);
      case 'dollar':
        return this.readDollar(chunk, index);
      case 'tag':
        // What makes no tag is read again as SQL.
        return this.readTag(chunk[index] as number) ? index + 1 : index;
      default:
        this.readByte(chunk[index] as number);
        return index + 1;
    }
  }

  private readByte(byte: number): void {
    switch (this.state) {
      case 'head':
        if (byte === NEWLINE) this.state = 'rows';
        break;
      case 'comment':
      case 'command':
        if (byte === NEWLINE) this.endLine();
        else this.append(byte);
        break;
      case 'escaped':
        this.readEscaped(byte);
        break;
      default:
        this.readSql(byte);
    }
  }

  private readSql(byte: number): void {
    const { before } = this;
    const isFirst = this.length === 0;
    if (byte === SEMICOLON) this.endStatement();
    else if (byte === MINUS && before === MINUS) this.startLine('comment', this.length - 1);
    else if (isFirst && byte === BACKSLASH) this.startLine('command', 0);
    else if (!isFirst || byte > SPACE) this.readText(byte);
  }

  private readText(byte: number): void {
    const { before } = this;
    if (byte === DOUBLE) this.state = 'identifier';
    else if (byte === DOLLAR && !isWord(before)) {
      this.state = 'tag';
      this.delimiter = [DOLLAR];
    } else if (byte === QUOTE) {
      const opens = isE(before) && !isWord(this.beforeThat) ? 'escaped' : 'string';
      this.state = before === QUOTE ? this.reopens : opens;
      this.reopens = this.state;
    }
    this.append(byte);
  }

  private startLine(state: 'comment' | 'command', start: number): void {
    this.state = state;
    this.length = this.lineStart = Math.max(0, start);
  }

  private endLine(): void {
    const text = decode(this.text.subarray(this.lineStart, this.length));
    const { state } = this;
    this.length = this.lineStart;
    this.state = 'sql';
    this.before = this.beforeThat = SPACE;
    if (state === 'command') this.events.onCommand(text);
    else if (this.length === 0) this.events.onComment(`--${text}`);
  }

  private endStatement(): void {
    const text = this.text[0] === C && this.length > 0 ? decode(this.text.subarray(0, this.length)) : undefined;
    this.length = 0;
    this.before = this.beforeThat = SPACE;
    if (text === undefined) this.events.onOther();
    else if (this.events.onStatement(text)) this.startRows();
  }

  private startRows(): void {
    this.state = 'head';
    this.rows = 0;
    this.startRow();
  }

  /** To the quote that closes it; a doubled one closes it and opens it again, which comes to the same. */
  private readTo(quote: number, chunk: Uint8Array, index: number): number {
    const found = chunk.indexOf(quote, index);
    const end = found === -1 ? chunk.length : found + 1;
    for (let at = index; at < end && this.hasRoom(); at++) this.append(chunk[at] as number);
    if (found !== -1) {
      this.state = 'sql';
      this.before = quote;
    }
    return end;
  }

  private readEscaped(byte: number): void {
    const isEscaped = this.before === BACKSLASH;
    this.append(byte);
    if (isEscaped) this.before = SPACE;
    else if (byte === QUOTE) this.state = 'sql';
  }

  /** @returns is the byte part of it? */
  private readTag(byte: number): boolean {
    const canBe = byte === DOLLAR || (isWord(byte) && (this.delimiter.length > 1 || !isDigit(byte)));
    if (!canBe) {
      this.state = 'sql';
      return false;
    }
    this.delimiter.push(byte);
    this.append(byte);
    if (byte === DOLLAR) {
      this.state = 'dollar';
      this.matched = 0;
    }
    return true;
  }

  private readDollar(chunk: Uint8Array, index: number): number {
    if (this.matched === 0) {
      const found = chunk.indexOf(DOLLAR, index);
      if (found === -1) return chunk.length;
      this.matched = 1;
      return found + 1;
    }
    const byte = chunk[index];
    if (byte === this.delimiter[this.matched]) this.matched++;
    else this.matched = byte === DOLLAR ? 1 : 0;
    if (this.matched === this.delimiter.length) {
      this.state = 'sql';
      this.before = SPACE;
    }
    return index + 1;
  }

  /** Text format: a line is a row, whatever the row holds. */
  private readRow(chunk: Uint8Array, index: number): number {
    const found = chunk.indexOf(NEWLINE, index);
    const end = found === -1 ? chunk.length : found;
    for (let at = index; this.isEnd && at < end; at++, this.rowLength++) {
      this.isEnd = this.rowLength < 2 && chunk[at] === (this.rowLength === 0 ? BACKSLASH : DOT);
    }
    if (found === -1) return end;
    if (this.isEnd && this.rowLength === 2) {
      this.state = 'sql';
      this.events.onRows(this.rows);
    } else this.rows++;
    this.startRow();
    return end + 1;
  }

  private startRow(): void {
    this.rowLength = 0;
    this.isEnd = true;
  }

  private append(byte: number): void {
    if (this.hasRoom()) this.text[this.length++] = byte;
    this.beforeThat = this.before;
    this.before = byte;
  }

  /** Of what nobody asks for, such as the bytes of large objects, no more than the beginning. */
  private hasRoom(): boolean {
    const isAsked = this.text[0] === C || this.state === 'comment' || this.state === 'command';
    return this.length < (isAsked ? LONGEST : 1);
  }
}

function isE(byte: number): boolean {
  return byte === 69 || byte === 101;
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

/** Of an identifier: letters, digits, underscore, and all beyond ASCII. */
function isWord(byte: number): boolean {
  return isDigit(byte) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 95 || byte >= 128;
}
