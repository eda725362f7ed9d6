package org.registrybbm.app.internal.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import com.fasterxml.jackson.databind.node.TextNode;
import io.dropwizard.logging.common.ConsoleAppenderFactory;
import io.dropwizard.logging.common.DefaultLoggingFactory;
import io.dropwizard.logging.common.LoggingFactory;
import java.util.List;
import java.util.Map;
import org.registrybbm.app.internal.logging.RegistryLayoutFactory;
import org.registrybbm.migrations.event.EventLogger;

/** Sets what commands log: warnings, as text, on stderr. Only {@code server} logs as the configuration says. */
public final class CliLogging {
    private CliLogging() {}

    /** Returns the logging configuration of a command. */
    public static LoggingFactory warningsOnStderr() {
        ConsoleAppenderFactory<ILoggingEvent> console = new ConsoleAppenderFactory<>();
        console.setTarget(ConsoleAppenderFactory.ConsoleStream.STDERR);
        console.setLayout(RegistryLayoutFactory.text());
        DefaultLoggingFactory logging = new DefaultLoggingFactory();
        logging.setLevel(Level.WARN.levelStr);
        // These loggers write, some with a stack trace, what the command says in one line.
        logging.setLoggers(Map.of(
                EventLogger.NAME,
                TextNode.valueOf("OFF"),
                "org.apache.tomcat.jdbc.pool",
                TextNode.valueOf("OFF"),
                "liquibase.changelog",
                TextNode.valueOf("OFF")));
        logging.setAppenders(List.of(console));
        return logging;
    }
}
