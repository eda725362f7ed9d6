package org.registrybbm.migrations.event;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Passes events on to listeners. An exception of one listener is logged and affects neither the engine nor the other listeners. */
public record SafeListener(List<MigrationListener> listeners) implements MigrationListener {
    private static final Logger LOGGER = LoggerFactory.getLogger(SafeListener.class);

    @Override
    public void on(MigrationEvent event) {
        for (MigrationListener listener : listeners) {
            try {
                listener.on(event);
            } catch (RuntimeException | LinkageError e) {
                LOGGER.warn(
                        "a listener failed to handle the event {}; the engine goes on: {}",
                        event.getClass().getSimpleName(),
                        e.toString());
                LOGGER.debug("a listener failed to handle an event", e);
            }
        }
    }
}
