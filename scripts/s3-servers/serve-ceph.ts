// Starts Ceph for another program: prints where it is as JSON, and ends with its standard input.
import { startCeph } from "./ceph.js";

try {
  const { endpoint, credentials, stop } = await startCeph();
  console.log(JSON.stringify({ endpoint, credentials }));
  process.stdin.resume().once("end", () => {
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
