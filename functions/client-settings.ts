/**
 * A request that hangs must not outlive a lease (90 s): three seconds to connect, ten for an answer, up to five attempts
 * with growing waits between them. Without `throwOnRequestTimeout` the SDK's handler only writes a warning and waits on;
 * and it looks at the beginning of an answer alone: what comes of an object is watched by the time-out of the socket.
 */
export const clientSettings = {
  maxAttempts: 5,
  requestHandler: {
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    throwOnRequestTimeout: true,
    socketTimeout: 60_000,
  },
};

/** The same for a service that may take longer to answer. */
export function patientSettings(requestTimeout: number): typeof clientSettings {
  return {
    ...clientSettings,
    requestHandler: { ...clientSettings.requestHandler, requestTimeout, socketTimeout: requestTimeout },
  };
}
