// An application whose tests mock the AWS SDK. Nothing listens on port 9, so a request that reaches the network fails.
async function tryMocks({ sdk, mockClient, createStorage, s3 }) {
  const options = {
    bucket: "b",
    region: "us-east-1",
    endpoint: "http://127.0.0.1:9",
    credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" },
  };
  const put = async (storage) => {
    const { etag } = await storage.put("a", "abc");
    if (etag !== '"mocked"') throw new Error(`the ETag is ${etag}`);
    await storage.close();
  };
  const answer = (mock) => mock.on(sdk.PutObjectCommand).resolves({ ETag: '"mocked"', $metadata: {} });
  const storageOf = (given) => createStorage(s3(given), { retry: false });

  const after = storageOf(options);
  const mock = answer(mockClient(sdk.S3Client));
  await put(after);
  await put(storageOf(options));
  // The endpoint is Amazon's own, so nothing but the mock keeps the request from the network.
  await put(storageOf({ ...options, endpoint: undefined }));
  mock.restore();

  const client = new sdk.S3Client(options);
  const ofClient = storageOf({ bucket: "b", client });
  answer(mockClient(client));
  await put(ofClient);

  const unmocked = storageOf(options);
  const failure = await unmocked.put("a", "abc").then(
    () => "nothing",
    ({ code }) => code,
  );
  if (failure !== "Unavailable") throw new Error(`without a mock, the put failed with ${failure}`);
  await unmocked.close();
}

module.exports = { tryMocks };
