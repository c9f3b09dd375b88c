// So many requests over so many connections, timed to the last answer.
import autocannon from 'autocannon';

/**
 * Drives a service until `amount` requests are answered: that is told to the microsecond by the last answer, which
 * autocannon itself looks for once a second.
 * @param url    one, or several, to which the connections go in turn
 * @param setUp  what autocannon sends, from the number of the request
 * @returns 2xx a second; p50 and p99 in ms; how many were refused or are not as `verifyBody` wants them
 */
export async function drive({ url, connections, amount, setUp, verifyBody }) {
  let next = 0;
  let last = 0;
  const start = performance.now();
  const driver = autocannon({
    url,
    connections,
    amount,
    ...(verifyBody === undefined ? {} : { verifyBody }),
    requests: [{ method: 'POST', setupRequest: (request) => ({ ...request, ...setUp(next++) }) }],
  });
  driver.on('response', () => (last = performance.now()));
  const run = await driver;
  return {
    rate: run['2xx'] / ((last - start) / 1000),
    p50: run.latency.p50,
    p99: run.latency.p99,
    refused: run.non2xx + run.errors + run.mismatches,
  };
}
