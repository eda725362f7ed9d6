package org.registrybbm.app.internal.sentry;

import io.sentry.Sentry;
import io.sentry.SentryEvent;
import io.sentry.SentryOptions;
import io.sentry.protocol.Message;
import io.sentry.protocol.SentryException;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.registrybbm.app.config.SentryFactory;
import org.registrybbm.app.internal.secrets.Scrubber;

/** Holds this process's connection to Sentry. */
public final class SentryClient implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 2000;
    private static final int SHUTDOWN_MILLIS = 1000;

    private final boolean started;

    private SentryClient(boolean started) {
        this.started = started;
    }

    /**
     * Starts the client if a DSN is configured, unless the host application has started Sentry itself.
     *
     * @param factory where to send events
     * @param replica this replica's name
     */
    public static SentryClient start(SentryFactory factory, String replica) {
        Optional<String> dsn = factory.dsn();
        if (dsn.isEmpty() || Sentry.isEnabled()) {
            return new SentryClient(false);
        }
        Sentry.init(options -> configure(options, dsn.get(), factory.environment(), replica));
        return new SentryClient(true);
    }

    /**
     * Returns the listener that reports failures; empty if Sentry is not in use.
     *
     * @param replica this replica's name
     * @param nanos a clock that only goes forward
     */
    public Optional<SentryAlarm> alarm(String replica, LongSupplier nanos) {
        return Sentry.isEnabled() ? Optional.of(new SentryAlarm(replica, nanos)) : Optional.empty();
    }

    private static void configure(SentryOptions options, String dsn, String environment, String replica) {
        options.setDsn(dsn);
        options.setEnvironment(environment);
        options.setServerName(replica);
        options.setSendDefaultPii(false);
        options.setEnableExternalConfiguration(false);
        options.setEnableUncaughtExceptionHandler(false);
        options.setEnableAutoSessionTracking(false);
        options.setSendClientReports(false);
        options.setSendModules(false);
        options.setMaxBreadcrumbs(0);
        options.setConnectionTimeoutMillis(TIMEOUT_MILLIS);
        options.setReadTimeoutMillis(TIMEOUT_MILLIS);
        // The bundle closes Sentry itself, after everything that reports to it.
        options.setEnableShutdownHook(false);
        options.setShutdownTimeoutMillis(SHUTDOWN_MILLIS);
        options.setBeforeSend((event, hint) -> scrub(event));
    }

    private static SentryEvent scrub(SentryEvent event) {
        Message message = event.getMessage();
        if (message != null && message.getFormatted() != null) {
            message.setFormatted(Scrubber.scrub(message.getFormatted()));
        }
        List<SentryException> exceptions = event.getExceptions();
        if (exceptions != null) {
            for (SentryException exception : exceptions) {
                if (exception.getValue() != null) {
                    exception.setValue(Scrubber.scrub(exception.getValue()));
                }
            }
        }
        return event;
    }

    /** Sends waiting events, for 1 s at most, and ends the connection that this object started. */
    @Override
    public void close() {
        if (started) {
            Sentry.close();
        }
    }
}
