/** Answers the one message that a process which measures is given, and ends. */
export function answerOnce(work) {
  process.once("message", (message) => {
    work(message).then(
      (answer) => process.send(answer, () => process.disconnect()),
      (error) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}
