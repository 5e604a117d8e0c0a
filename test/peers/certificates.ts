/**
 * Certificates for peers that speak TLS, made with the openssl command in a folder that is gone again when they are read:
 *
 *     const authority = makeAuthority();
 *     const { key, cert } = authority.issue({ names: ["receiver.test"] });
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** In PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface Wanted {
  readonly names?: readonly string[];
  readonly addresses?: readonly string[];
  /** From now on; below zero it has expired. Default 2. */
  readonly days?: number;
}

export interface Authority {
  /** What a client has to trust, in PEM. */
  readonly ca: string;
  issue(wanted: Wanted): Certificate;
}

/** An authority that nobody knows yet. */
export function makeAuthority(): Authority {
  const root = inFolder((folder) => {
    makeKey(folder, "CA of a test");
    openssl(folder, "x509", "-req", "-in", "request.pem", "-signkey", "key.pem", "-out", "cert.pem", "-days", "2");
    return read(folder);
  });
  return {
    ca: root.cert,
    issue(wanted) {
      return inFolder((folder) => {
        writeFileSync(join(folder, "ca-key.pem"), root.key);
        writeFileSync(join(folder, "ca.pem"), root.cert);
        return sign(folder, wanted, ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial"]);
      });
    },
  };
}

/** A certificate that vouches for itself. */
export function selfSigned(wanted: Wanted): Certificate {
  return inFolder((folder) => sign(folder, wanted, ["-signkey", "key.pem"]));
}

function sign(
  folder: string,
  { names = [], addresses = [], days = 2 }: Wanted,
  signer: readonly string[],
): Certificate {
  makeKey(folder, names[0] ?? addresses[0] ?? "nobody");
  const subjects = [...names.map((name) => `DNS:${name}`), ...addresses.map((address) => `IP:${address}`)];
  writeFileSync(join(folder, "extensions"), `subjectAltName=${subjects.join(",")}\n`);
  const lasting = ["-days", String(days), "-extfile", "extensions"];
  openssl(folder, "x509", "-req", "-in", "request.pem", "-out", "cert.pem", ...signer, ...lasting);
  return read(folder);
}

function makeKey(folder: string, commonName: string): void {
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(folder, "req", "-new", ...curve, "-keyout", "key.pem", "-out", "request.pem", "-subj", `/CN=${commonName}`);
}

function openssl(folder: string, ...words: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["openssl", ...words], { cwd: folder, stdout: "ignore", stderr: "pipe" });
  if (exitCode !== 0) throw new Error(`openssl ${words[0]}: ${stderr}`);
}

function read(folder: string): Certificate {
  const text = (name: string) => readFileSync(join(folder, name), "utf8");
  return { key: text("key.pem"), cert: text("cert.pem") };
}

function inFolder<T>(make: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "pausepoint-certificates-"));
  try {
    return make(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
