/** The demo: three replicas share two batched migrations, one of them is killed, every row is checked. */
@NullMarked
package org.registrybbm.app.demo;

import org.jspecify.annotations.NullMarked;
