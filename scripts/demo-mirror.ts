// The example of a mirror from end to end: on two folders, or with --ceph on a folder and a real S3 server.
import { runDemo } from "../examples/mirror-server/src/demo.js";
import { demoOn } from "./demo-on.js";

await demoOn("videos", runDemo);
