// The example of a rollout from end to end: on two folders, or with --ceph on a folder and a real S3 server.
import { runDemo } from "../examples/split-rollout/src/demo.js";
import { demoOn } from "./demo-on.js";

await demoOn("files", runDemo);
