package org.registrybbm.migrations.model;

/** Asked between sub-batches whether to stop. */
@FunctionalInterface
public interface StopSignal {
    /** Never stops. */
    StopSignal NEVER = () -> false;

    /** Returns whether the worker should hand its batch job back. */
    boolean isStopping();
}
