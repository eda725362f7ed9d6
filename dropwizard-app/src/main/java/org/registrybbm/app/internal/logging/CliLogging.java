package org.registrybbm.app.internal.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.AppenderBase;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.joran.spi.ConsoleTarget;
import com.codahale.metrics.MetricRegistry;
import io.dropwizard.logging.common.LoggingFactory;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TimeZone;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.event.EventLogger;
import org.slf4j.LoggerFactory;

/** Sets what commands log: warnings, as text, on stderr. Only {@code server} logs as the configuration says. */
public final class CliLogging implements LoggingFactory {
    // These loggers write, some with a stack trace, what the command says in one line.
    private static final List<String> SILENT =
            List.of(EventLogger.NAME, "org.apache.tomcat.jdbc.pool", "liquibase.changelog");

    @Override
    public void configure(MetricRegistry metrics, String name) {
        stop();
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
            root.setLevel(Level.WARN);
            SILENT.forEach(silent -> context.getLogger(silent).setLevel(Level.OFF));
            Appender<ILoggingEvent> stderr = new Stderr();
            stderr.setContext(context);
            stderr.start();
            root.addAppender(stderr);
        }
    }

    @Override
    public void stop() {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).detachAndStopAllAppenders();
        }
    }

    @Override
    public void reset() {
        stop();
    }

    /** Prepares the layout with the first warning only, because most commands have none. */
    private static final class Stderr extends AppenderBase<ILoggingEvent> {
        private @Nullable ConsoleAppender<ILoggingEvent> console;

        @Override
        protected void append(ILoggingEvent event) {
            ConsoleAppender<ILoggingEvent> opened = console;
            if (opened == null) {
                opened = open();
                console = opened;
            }
            opened.doAppend(event);
        }

        private ConsoleAppender<ILoggingEvent> open() {
            LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
            encoder.setContext(getContext());
            encoder.setCharset(StandardCharsets.UTF_8);
            encoder.setLayout(
                    RegistryLayoutFactory.text().build((LoggerContext) getContext(), TimeZone.getTimeZone("UTC")));
            encoder.getLayout().start();
            encoder.start();
            ConsoleAppender<ILoggingEvent> opened = new ConsoleAppender<>();
            opened.setContext(getContext());
            opened.setTarget(ConsoleTarget.SystemErr.getName());
            opened.setEncoder(encoder);
            opened.start();
            return opened;
        }
    }
}
