package org.registrybbm.app.internal.sentry;

import io.sentry.Sentry;
import io.sentry.SentryEvent;
import io.sentry.SentryOptions;
import io.sentry.SpanContext;
import io.sentry.protocol.Message;
import io.sentry.protocol.SentryException;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.registrybbm.app.config.SentryFactory;
import org.registrybbm.app.internal.lifecycle.ShutdownTimes;
import org.registrybbm.app.internal.secrets.Scrubber;

/** Holds this process's connection to Sentry. */
public final class SentryClient implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 2000;

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
        Sentry.init(options -> {
            configure(options, replica);
            options.setDsn(dsn.get());
            options.setEnvironment(factory.environment());
            options.setRelease(factory.release().or(SentryClient::ofThisJar).orElse(null));
        });
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

    /** Returns the title and the version in the manifest of the jar that runs: that of {@code registry}, or of a host application. */
    private static Optional<String> ofThisJar() {
        Package here = SentryClient.class.getPackage();
        return Optional.ofNullable(here.getImplementationVersion())
                .map(version -> Optional.ofNullable(here.getImplementationTitle())
                        .map(title -> title + "@" + version)
                        .orElse(version));
    }

    private static void configure(SentryOptions options, String replica) {
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
        // The bundle closes Sentry itself, after everything that reports to it. But a process that is stopped while it
        // starts closes nothing;
        // then the hook sends what is waiting.
        options.setEnableShutdownHook(true);
        options.setFlushTimeoutMillis(ShutdownTimes.SENTRY.toMillis());
        options.setShutdownTimeoutMillis(ShutdownTimes.SENTRY.toMillis());
        options.setBeforeSend((event, hint) -> scrub(event));
    }

    private static SentryEvent scrub(SentryEvent event) {
        // It holds the name of the thread, which may be anything, and nothing that this project traces.
        event.getContexts().remove(SpanContext.TYPE);
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

    /**
     * Sends waiting events, and ends the connection that this object started. A Sentry that does not answer may take twice the time that
     * {@link ShutdownTimes#SENTRY} allows, so the caller has to bound this.
     */
    @Override
    public void close() {
        if (started) {
            Sentry.close();
        }
    }
}
