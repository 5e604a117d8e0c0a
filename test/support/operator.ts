/** Somebody who uses the console, by its own pages: sets it up, signs in, fills in forms. */
import { codeAt, stepAt } from "../../src/console/totp.ts";
import type { Answer, Appliance } from "./appliance.ts";

export const PASSWORD = "four words of mine";

export class Operator {
  cookie = "";
  secret: Uint8Array = new Uint8Array();

  constructor(
    readonly appliance: Appliance,
    public password = PASSWORD,
  ) {}

  async get(path: string): Promise<Answer> {
    return this.#keep(await this.appliance.call(path, { headers: { cookie: this.cookie } }));
  }

  /** Sends a form with the token of a page of this session, as its browser would. */
  async send(path: string, fields: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Answer> {
    const { text } = await this.get("/console/enrol");
    const page = text.includes('name="token"') ? text : (await this.get("/console/waiting")).text;
    return this.sendRaw(path, { token: tokenIn(page), ...fields }, headers);
  }

  async sendRaw(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await this.appliance.call(path, {
      method: "POST",
      body: new URLSearchParams(fields).toString(),
      headers: {
        origin: this.appliance.url,
        cookie: this.cookie,
        "content-type": "application/x-www-form-urlencoded",
        ...headers,
      },
    });
    return this.#keep(answer);
  }

  code(): string {
    return codeAt(this.secret, stepAt(this.appliance.clock.now()));
  }

  signIn(name: string, code: string): Promise<Answer> {
    return this.sendRaw("/console/sign-in", { name, password: this.password, code });
  }

  /** Sets up the authenticator; answers the page with the recovery codes. */
  async enrol(fields: Record<string, string> = {}): Promise<Answer> {
    const { text } = await this.get("/console/enrol");
    this.secret = secretIn(text);
    const answer = await this.sendRaw("/console/enrol", { token: tokenIn(text), code: this.code(), ...fields });
    this.password = fields.password ?? this.password;
    return answer;
  }

  #keep(answer: Answer): Answer {
    const set = answer.headers.get("set-cookie");
    if (set !== null) this.cookie = set.split(";")[0] ?? "";
    return answer;
  }
}

export function tokenIn(html: string): string {
  return /name="token" value="([^"]+)"/.exec(html)?.[1] ?? "";
}

/** The secret of the authenticator that a page shows. */
export function secretIn(html: string): Uint8Array {
  return fromBase32(/secret by hand: <code>([A-Z2-7 ]+)</.exec(html)?.[1] ?? "");
}

/** The first administrator, by the setup link. */
export async function administrator(appliance: Appliance, name = "Alex"): Promise<Operator> {
  const operator = new Operator(appliance);
  const setup = appliance.app.consoleSetup?.split("#")[1] ?? "";
  await operator.sendRaw("/console/setup", { setup, name, password: PASSWORD });
  await operator.enrol();
  return operator;
}

/** Another operator, made by an administrator. */
export async function colleague(admin: Operator, name: string, role: string): Promise<Operator> {
  const { text } = await admin.send("/console/operators", { name, role });
  const operator = new Operator(admin.appliance, /class="secret"><code>([^<]+)</.exec(text)?.[1] ?? "");
  await operator.signIn(name, "");
  await operator.enrol({ password: `${PASSWORD}, ${name}` });
  return operator;
}

function fromBase32(text: string): Uint8Array {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...text.replaceAll(" ", "")].map((c) => alphabet.indexOf(c).toString(2).padStart(5, "0")).join("");
  return new Uint8Array((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
