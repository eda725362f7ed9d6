/** Tells a receiver over HTTP what became of batched migrations. Which messages there are and who sends is the outbox's. */
@NullMarked
package org.registrybbm.app.internal.webhook;

import org.jspecify.annotations.NullMarked;
