/** Runs the demo: three replicas share batched migrations, one of them is killed, and every row is checked. */
@NullMarked
package org.registrybbm.app.demo;

import org.jspecify.annotations.NullMarked;
