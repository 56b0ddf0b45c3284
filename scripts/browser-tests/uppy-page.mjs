// All that a page has to do.
import Uppy from "@uppy/core";
import AwsS3 from "@uppy/aws-s3";

const uppy = new Uppy().use(AwsS3, { companionEndpoint: "/uploads" });

async function send(file) {
  uppy.addFile({ name: file.name, type: file.type, data: file });
  const { successful, failed } = await uppy.upload();
  document.title = failed.length === 0 ? successful[0].response.body.key : `failed: ${failed[0].error}`;
}

document.querySelector("#file").addEventListener("change", ({ target }) => void send(target.files[0]));
