/**
 * Brings batched background migrations to Dropwizard: a bundle for any application, and the runnable application {@code registry}.
 *
 * <p>Start at {@link org.registrybbm.app.BatchedMigrationsBundle} to add them to your own application.
 */
@NullMarked
package org.registrybbm.app;

import org.jspecify.annotations.NullMarked;
