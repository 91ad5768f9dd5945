// The expression language in the browser: the typed side of the WebAssembly module.

export type ValueType =
  | 'text' | 'number' | 'boolean' | 'date' | 'buffer' | 'array' | 'collection' | 'null' | 'undefined';

/** Positions are bytes of the template as UTF-8. */
export interface Diagnostic {
  severity: 'error' | 'warning';
  message: string;
  start: number;
  end: number;
}

export interface Failure {
  type: string;
  message: string;
  function?: string | null;
  argument?: number | null;
  start?: number | null;
  end?: number | null;
}

export type Result =
  | { type: ValueType; value: unknown; diagnostics: Diagnostic[]; error?: undefined }
  | { error: Failure; diagnostics?: Diagnostic[] };

export interface FunctionInfo {
  name: string;
  group: string;
  signature: string;
  help: string;
  core: boolean;
}

export interface Place {
  /** Milliseconds since 1970; now when left out. */
  now?: number;
  zone?: string;
  locale?: string;
  /** The same seed gives the same random values. */
  seed?: number;
}

interface Exports {
  memory: WebAssembly.Memory;
  input(length: number): number;
  run(): number;
  output(): number;
}

export class Iml {
  private constructor(private readonly module: Exports) {}

  static async load(source: BufferSource | Response | PromiseLike<Response>): Promise<Iml> {
    const loaded =
      source instanceof ArrayBuffer || ArrayBuffer.isView(source)
        ? await WebAssembly.instantiate(source as BufferSource, {})
        : await WebAssembly.instantiateStreaming(source as Response, {});
    return new Iml(loaded.instance.exports as unknown as Exports);
  }

  evaluate(template: string, scope: Record<string, unknown> = {}, place: Place = {}): Result {
    const { now = Date.now(), seed = Math.random(), zone, locale } = place;
    return this.ask({ do: 'eval', template, scope, now, seed, zone, locale }) as Result;
  }

  check(template: string): Diagnostic[] {
    return (this.ask({ do: 'check', template }) as { diagnostics: Diagnostic[] }).diagnostics;
  }

  functions(): FunctionInfo[] {
    return (this.ask({ do: 'functions' }) as { functions: FunctionInfo[] }).functions;
  }

  private ask(request: object): unknown {
    const bytes = new TextEncoder().encode(JSON.stringify(request));
    const at = this.module.input(bytes.length);
    new Uint8Array(this.module.memory.buffer, at, bytes.length).set(bytes);
    const length = this.module.run();
    // The memory may have grown, and moved, while it ran.
    const answer = new Uint8Array(this.module.memory.buffer, this.module.output(), length);
    return JSON.parse(new TextDecoder().decode(answer));
  }
}
