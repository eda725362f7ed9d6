/**
 * Batched background migrations for Dropwizard: a bundle for any application, and the runnable application {@code registry}.
 *
 * <p>Start at {@link org.registrybbm.app.BatchedMigrationsBundle} to add it to your own application.
 */
@NullMarked
package org.registrybbm.app;

import org.jspecify.annotations.NullMarked;
